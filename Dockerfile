FROM python:3.13-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends make
WORKDIR /srv/tanbahana
COPY Makefile requirements.txt ./
RUN make install

FROM python:3.13-slim-bookworm
RUN apt-get update && apt-get install -y --no-install-recommends make libgcrypt20 && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home tanbahana && mkdir -p -m 0700 /srv/tanbahana/var && chown tanbahana /srv/tanbahana/var
WORKDIR /srv/tanbahana
COPY --from=build /srv/tanbahana/.venv .venv
COPY . .
# The stamp must not be older than what it vouches for.
RUN touch .venv/.installed
USER tanbahana
# A server that can be reached from outside starts with AUTH=on, or with AUTH=off and ALLOW_OPEN=1:
# who runs the image may say so.
ENV HOST=0.0.0.0
ENV AUTH=on
EXPOSE 8000
VOLUME /srv/tanbahana/var
CMD ["make", "run"]
