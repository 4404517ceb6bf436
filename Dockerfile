FROM python:3.13-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends make
WORKDIR /srv/qoltanba
COPY Makefile requirements.txt ./
RUN make install

FROM python:3.13-slim-bookworm
RUN apt-get update && apt-get install -y --no-install-recommends make libgcrypt20 && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home qoltanba && mkdir -p -m 0700 /srv/qoltanba/var && chown qoltanba /srv/qoltanba/var
WORKDIR /srv/qoltanba
COPY --from=build /srv/qoltanba/.venv .venv
COPY . .
# The stamp must not be older than what it vouches for.
RUN touch .venv/.installed
USER qoltanba
# A server that can be reached from outside starts with AUTH=on, or with AUTH=off and ALLOW_OPEN=1:
# who runs the image may say so.
ENV HOST=0.0.0.0
ENV AUTH=on
EXPOSE 8000
VOLUME /srv/qoltanba/var
CMD ["make", "run"]
