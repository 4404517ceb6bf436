// Sends requests to NCANode's version 3 as services on Node.js do, and prints who signed.
// Questions are lines of JSON on standard input: path, and body, which is null for GET.

import {createInterface} from 'node:readline';

const [address] = process.argv.slice(2);

for await (const line of createInterface({input: process.stdin})) {
    const {path, body} = JSON.parse(line);
    const headers = {'Content-Type': 'application/json'};
    const answer = await fetch(address + path, body && {method: 'POST', headers, body: JSON.stringify(body)});
    const read = await answer.json();
    const subject = read.signers?.[0]?.certificates?.[0]?.subject;
    console.log(JSON.stringify({
        http: answer.status,
        valid: read.valid ?? null,
        iin: subject?.iin ?? null,
        name: subject?.commonName ?? null,
        said: answer.ok ? null : read.message,
    }));
}
