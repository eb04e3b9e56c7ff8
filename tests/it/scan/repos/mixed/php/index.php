<?php
# $old = new PDO('pgsql:host=old.acme.io;dbname=blog');
$db = new PDO('pgsql:host=php.acme.io;port=5432;dbname=blog;sslmode=require', 'blog', getenv('PW'));
$legacy = new PDO('mysql:host=mysql.acme.io;dbname=blog', 'blog', 'x');
$conn = pg_connect("host=pgconnect.acme.io dbname=blog user=blog password=pgc-1188 sslmode=verify-full sslrootcert=/etc/root.crt");
$dsn = 'pgsql:host=' . $host . ';dbname=blog';
