<?php

// Sends requests as the vendor's PHP client does through Guzzle, and prints what it sees of each
// answer. Questions are lines of JSON on standard input: method, path, headers that the release
// sends besides, and body, which is null where it sends none.

[, $host, $port, $token] = $argv;

// What the client looks for in `content`, for each request.
const PARTS = [
    'post /signature' => ['signature'],
    'get /signature' => ['signature'],
    'delete /signature' => [],
    'get /signatures' => ['nb_results', 'signatures'],
    'post /validate' => [
        'iin', 'bin', 'first_name', 'last_name', 'mid_name', 'org_name', 'gender', 'email',
        'birthday', 'validate',
    ],
    'post /cms/validate' => ['signer', 'cms'],
    'post /cms/extract' => ['data', 'cms'],
    'post /origin' => ['origin'],
];

/** Gives the bytes of a request; an array without entries is written as `[]`, a body null not. */
function written(string $host, string $port, string $token, array $question): string
{
    $lines = [
        strtoupper($question['method']) . " {$question['path']} HTTP/1.1",
        "Host: $host:$port",
        'Authorization: Basic ' . base64_encode("application:$token"),
        'User-Agent: GuzzleHttp/7',
        'Connection: close',
    ];
    foreach ($question['headers'] as $name => $value) {
        $lines[] = "$name: $value";
    }
    $body = '';
    if ($question['body'] !== null) {
        $body = json_encode($question['body']);
        array_push($lines, 'Content-Type: application/json', 'Content-Length: ' . strlen($body));
    }
    return implode("\r\n", [...$lines, '', $body]);
}

/** Gives the content of a body in chunks. */
function joined(string $chunks): string
{
    $content = '';
    while (preg_match('/^([0-9a-f]+)\r\n/i', $chunks, $line) && $size = hexdec($line[1])) {
        $content .= substr($chunks, strlen($line[0]), $size);
        $chunks = substr($chunks, strlen($line[0]) + $size + 2);
    }
    return $content;
}

/** Gives what the client sees: the status, and the parts of the content that are set. */
function seen(array $question, string $answer): array
{
    [$head, $body] = explode("\r\n\r\n", $answer, 2);
    if (preg_match('/^Transfer-Encoding: chunked/mi', $head)) {
        $body = joined($body);
    }
    $decoded = json_decode($body, true);
    $seen = ['http' => (int) substr($head, 9, 3)];
    foreach (['status', 'message'] as $key) {
        $seen[$key] = isset($decoded[$key]) ? $decoded[$key] : null;
    }
    $content = isset($decoded['content']) ? $decoded['content'] : [];
    $seen['parts'] = new stdClass();
    foreach (PARTS["{$question['method']} {$question['path']}"] as $part) {
        if (isset($content[$part])) {
            $seen['parts']->$part = $content[$part];
        }
    }
    return $seen;
}

while (($line = fgets(STDIN)) !== false) {
    $question = json_decode($line, true);
    $connection = stream_socket_client("tcp://$host:$port", $code, $problem, 30);
    fwrite($connection, written($host, $port, $token, $question));
    echo json_encode(seen($question, stream_get_contents($connection))), "\n";
    fclose($connection);
}
