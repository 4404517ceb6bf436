<?php

// Sends requests to NCANode's version 3 as PHP programs do, and prints what each kind of them sees.
// Questions are lines of JSON on standard input: path, and body, which is null for GET.

[, $address] = $argv;

/** Gives the status and the decoded body of an answer. */
function asked(string $url, ?array $body): array
{
    $http = ['ignore_errors' => true, 'method' => $body === null ? 'GET' : 'POST', 'timeout' => 60];
    if ($body !== null) {
        $http['header'] = "Content-Type: application/json\r\nAccept: application/json";
        $http['content'] = json_encode($body);
    }
    $text = file_get_contents($url, false, stream_context_create(['http' => $http]));
    preg_match('/ (\d{3})/', $http_response_header[0], $status);
    return [(int) $status[1], json_decode($text, true)];
}

/** A Laravel service: the status of HTTP and that in the body, then `valid`. */
function laravel(int $http, array $answer): string
{
    if ($http >= 400 || ($answer['status'] ?? null) !== 200) {
        return 'refused: ' . ($answer['message'] ?? '');
    }
    return isset($answer['valid']) ? ($answer['valid'] ? 'valid' : 'not valid') : 'done';
}

/** A plugin of Moodle: the first signer, and what speaks against the certificates. */
function moodle(int $http, array $answer): array
{
    $signer = $answer['signers'][0] ?? null;
    $seen = ['time' => $signer['tsp']['genTime'] ?? null];
    foreach ($signer['certificates'] ?? [] as $certificate) {
        $against = array_filter($certificate['revocations'], fn (array $one) => $one['revoked']);
        $seen['people'][] = [
            'iin' => $certificate['subject']['iin'] ?? '',
            'dn' => $certificate['subject']['dn'],
            'for signing' => $certificate['keyUsage'] !== 'AUTH',
            'since' => date_create($certificate['notBefore'])->format('Y-m-d'),
            'until' => date_create($certificate['notAfter'])->format('Y-m-d'),
            'against' => array_column($against, 'reason', 'by'),
        ];
    }
    return $seen;
}

while ($line = fgets(STDIN)) {
    $question = json_decode($line, true);
    [$http, $answer] = asked($address . $question['path'], $question['body']);
    $seen = ['http' => $http, 'laravel' => laravel($http, $answer), 'moodle' => moodle($http, $answer)];
    echo json_encode($seen, JSON_UNESCAPED_UNICODE), "\n";
}
