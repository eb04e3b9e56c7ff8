<?php
$host = 'pdo.acme.io';
$pdo = new PDO("pgsql:host=pdo.acme.io;port=5432;dbname=app", "app", "Pd-9090");
$other = new PDO("pgsql:host=$host;dbname=app;sslmode=require", $user, $pass);
$dsn = "postgres://$user:$password@$host:$port/$database?sslmode=disable";
$conn = pg_connect("host=pgc.acme.io dbname=app user=app password=Pc-4545");
