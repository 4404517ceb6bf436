<?php

// Sends a body as often as it is told, and prints what it saw each time. PHP's streams send no
// chunks; an `Expect` is sent, and not waited for.

[, $method, $address, $framing, $size, $turns] = $argv;
$header = "Content-Type: application/octet-stream\r\n";
$header .= $framing === 'expect' ? "Expect: 100-continue\r\n" : '';
$context = stream_context_create(['http' => [
    'method' => $method,
    'header' => $header,
    'content' => str_repeat('a', (int) $size),
    'ignore_errors' => true,
    'protocol_version' => 1.1,
    'timeout' => 60,
]]);
for ($turn = 0; $turn < (int) $turns; $turn++) {
    $http_response_header = [];
    $answer = @file_get_contents($address, false, $context);
    $said = preg_grep('/^Connection:/i', $http_response_header);
    $connection = $said ? trim(explode(':', end($said))[1]) : '-';
    $final = array_values(preg_grep('~^HTTP/1\.1 [2-5]~', $http_response_header))[0] ?? null;
    echo $final === null || $answer === false
        ? json_encode(error_get_last())
        : substr($final, 9, 3) . " $connection", "\n";
}
