package main

import "database/sql"

// const old = "postgres://old.acme.io/blog"
const dsn = "postgres://blog@go.acme.io/blog?sslmode=disable"

func open(host, password string) (*sql.DB, error) {
	s := fmt.Sprintf("host=%s user=blog password=%s dbname=blog sslmode=disable", host, password)
	if host == "" {
		return pgx.Connect(ctx, "postgres://blog:blog@127.0.0.1/blog?sslmode=disable")
	}
	return sql.Open("postgres", s)
}
