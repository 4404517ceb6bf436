#!/usr/bin/env bash
# A drill: back up, destroy, restore, compare. Nothing but a scratch folder is written to.
#
#   docs/deploy/drill.sh           with a store that is invented for it, and a server on it
#   docs/deploy/drill.sh --store   with the store that the environment names: it is backed up while
#                                  its servers go on, restored into a scratch file, and compared
#
# Exit status 0: what was restored is what was backed up. 2: the command was written wrongly.
set -euo pipefail

usage() {
    cat <<'END'
usage: docs/deploy/drill.sh [--store]

Back up, destroy, restore, compare.
  without a word  a store that is invented for it, and a server on it
  --store         the store that the environment names; it is only read, and goes on
END
}
case "$#:${1:-}" in
    0: | 1:--store) ;;
    1:--help | 1:-h)
        usage
        exit
        ;;
    *)
        usage >&2
        exit 2
        ;;
esac

cd "$(dirname "$0")/../.."
bin=${BIN:-$PWD/.venv/bin}
scratch=$(mktemp -d)
server=
trap 'test -z "$server" || kill "$server"; wait; rm -rf "$scratch"' EXIT

flask() { "$bin/flask" --app wsgi "$@"; }
say() { printf '\n== %s\n' "$1"; }

# The scratch store, apart from any other.
in_scratch() {
    exec env -u PG_HOST -u PG_SCHEMA DATABASE_URL="sqlite:///$scratch/store.sqlite3" \
        TRUST_DIR="$scratch/trust" REVOCATION_CACHE="$scratch/revocation" HOST=127.0.0.1 "$@"
}
scratch_flask() (in_scratch "$bin/flask" --app wsgi "$@")

if [ "${1:-}" = --store ]; then
    say 'back up the store'
    flask backup "$scratch/store.backup"
    say 'restore it into a scratch file'
    scratch_flask restore "$scratch/store.backup"
    say 'compare'
    scratch_flask compare "$scratch/store.backup"
    exit
fi

say 'invent a store'
port=${PORT:-8099}
address=http://127.0.0.1:$port
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$scratch/key.pem" -out "$scratch/ca.pem" \
    -days 30 -subj "/CN=DRILL" 2>/dev/null
sha256=$(openssl x509 -in "$scratch/ca.pem" -noout -fingerprint -sha256 | cut -d= -f2)
scratch_flask db upgrade
scratch_flask trust add "$scratch/ca.pem" --fingerprint "$sha256" --note drill
scratch_flask trust add "$scratch/ca.pem" --fingerprint "$sha256" --in-folder --intermediate
serve() {
    in_scratch env PORT="$port" AUTH=off WEB_CONCURRENCY=1 TMPDIR="$scratch" \
        "$bin/python" serve.py 2>>"$scratch/log" &
    server=$!
    for _ in $(seq 200); do
        curl -sf --noproxy '*' "$address/health/ready" >/dev/null && return
        kill -0 "$server" || break
        sleep 0.1
    done
    cat "$scratch/log" >&2
    exit 1
}
stop() { kill "$server"; wait "$server" || true; server=; }
save() {
    echo "I agree to $1" | openssl cms -sign -nodetach -binary -signer "$scratch/ca.pem" \
        -inkey "$scratch/key.pem" -outform DER | openssl base64 -A >"$scratch/cms"
    curl -sf --noproxy '*' "$address/signature" -d "document=$1" -d thread=drill \
        --data-urlencode "cms@$scratch/cms" -o /dev/null
}
read_all() { curl -sf --noproxy '*' "$address/signatures"; }
serve
for number in 1 2 3; do save "contract-$number"; done
read_all >"$scratch/before"

say 'back it up, while the server goes on'
scratch_flask backup "$scratch/store.backup"
save contract-4
stop

say 'destroy it'
rm -rf "$scratch"/store.sqlite3* "$scratch/trust"

say 'restore it'
scratch_flask restore "$scratch/store.backup"

say 'compare'
scratch_flask compare "$scratch/store.backup"
serve
read_all >"$scratch/after"
stop
cmp "$scratch/before" "$scratch/after"
say 'what was backed up is there, and nothing else'
