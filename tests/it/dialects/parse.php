<?php
// Takes strings apart with PDO, Laravel and Doctrine, with libpq_spy.c loaded: a dialect and a text in hexadecimal in each
// line, and for each its settings as libpq_spy.c writes them, and then a line with "done".

error_reporting(E_ALL & ~E_DEPRECATED);
require_once 'Illuminate/Database/autoload.php';
@include_once 'Doctrine/DBAL/autoload.php';

use Illuminate\Support\ConfigurationUrlParser;
use Illuminate\Database\Connectors\PostgresConnector;

function laravel(string $text): void
{
    // `config/database.php`
    $config = ['driver' => 'pgsql', 'host' => '127.0.0.1', 'port' => '5432', 'database' => 'forge', 'username' => 'forge',
        'password' => '', 'charset' => 'utf8', 'prefix' => '', 'schema' => 'public', 'sslmode' => 'prefer'];
    if (preg_match('/^DB_URL=(.*)$/m', $text, $found)) {
        $text = $found[1];
        if (preg_match('/^([\'"])(.*)\1$/', $text, $inner)) {
            $text = $inner[2];
        }
    }
    $config['url'] = $text;
    (new PostgresConnector)->connect((new ConfigurationUrlParser)->parseConfiguration($config));
}

foreach (array_keys(getenv()) as $name) {
    if (str_starts_with($name, 'PG')) {
        putenv($name);
    }
}
while (($line = fgets(STDIN)) !== false) {
    [$dialect, $hex] = explode(' ', trim($line));
    $text = hex2bin($hex);
    try {
        if ($dialect === 'laravel') {
            laravel($text);
        } elseif (str_starts_with($text, 'pgsql:') && !str_starts_with($text, 'pgsql://')) {
            new PDO($text);
        } else {
            \Doctrine\DBAL\DriverManager::getConnection(['url' => $text, 'driver' => 'pdo_pgsql'])->connect();
        }
    } catch (\Throwable $error) {
        fwrite(STDERR, get_class($error) . ': ' . $error->getMessage() . " ($text)\n");
    }
    fwrite(STDOUT, "done\n");
}
