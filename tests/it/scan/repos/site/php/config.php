<?php
return [
    'default' => env('DB_CONNECTION', 'pgsql'),
    'connections' => [
        'pgsql' => [
            'driver' => 'pgsql',
            'host' => env('DB_HOST', '127.0.0.1'),
            'port' => env('DB_PORT', '5432'),
            'database' => env('DB_DATABASE', 'laravel'),
            'username' => env('DB_USERNAME', 'root'),
            'password' => env('DB_PASSWORD', ''),
            'sslmode' => env('DB_SSLMODE', 'prefer'),
        ],
        'sync' => [
            'driver' => 'pgsql',
            'host' => env('PROD_SYNC_DB_HOST', 'sync.acme.io'),
            'port' => env('PROD_SYNC_DB_PORT', '5432'),
            'database' => 'sync',
            'username' => 'sync',
            'sslmode' => env('PROD_SYNC_DB_SSLMODE', 'prefer'),
        ],
        'mysql' => [
            'driver' => 'mysql',
            'host' => 'mysql.acme.io',
            'database' => 'x',
        ],
    ],
];
