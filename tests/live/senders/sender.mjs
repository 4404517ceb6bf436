// Sends a body as often as it is told, and prints what it saw each time.

const [method, address, framing, size, turns] = process.argv.slice(2);
const body = Buffer.alloc(Number(size));
const PIECE = 65536;

function* pieces() {
    for (let at = 0; at < body.length; at += PIECE) {
        yield body.subarray(at, at + PIECE);
    }
}

for (let turn = 0; turn < Number(turns); turn++) {
    try {
        const answer = await fetch(address, {
            method,
            headers: {'Content-Type': 'application/octet-stream'},
            // What is iterated over has no length, so that it goes in chunks.
            body: framing === 'chunked' ? ReadableStream.from(pieces()) : body,
            duplex: 'half',
        });
        await answer.text();
        console.log(`${answer.status} ${answer.headers.get('connection') ?? '-'}`);
    } catch (problem) {
        console.log(`${problem} ${problem.cause ?? ''}`.replaceAll('\n', ' '));
    }
}
