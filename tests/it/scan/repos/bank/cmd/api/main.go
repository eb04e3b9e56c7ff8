package main

import (
	"database/sql"
	"fmt"
	"os"

	_ "github.com/lib/pq"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

func gormDB() (*gorm.DB, error) {
	dsn := "host=gorm.acme.io user=gorm password=Gr-7712-v dbname=bank port=5432 sslmode=disable"
	return gorm.Open(postgres.Open(dsn), &gorm.Config{})
}

func fromEnv() (*sql.DB, error) {
	dsn := fmt.Sprintf("host=%s user=%s password=%s dbname=%s port=%s sslmode=%s",
		os.Getenv("DB_HOST"), os.Getenv("DB_USER"), os.Getenv("DB_PASSWORD"), os.Getenv("DB_NAME"),
		os.Getenv("DB_PORT"), os.Getenv("DB_SSLMODE"))
	return sql.Open("postgres", dsn)
}

func local() (*sql.DB, error) {
	dsn := fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=%s sslmode=disable",
		"localhost", 5432, "postgres", "password", "postgres")
	return sql.Open("postgres", dsn)
}

func remote() (*sql.DB, error) {
	// psqlInfo := fmt.Sprintf("host=%s sslmode=disable", "old.acme.io")
	return sql.Open("postgres", "postgres://bank:Rm-1919@remote.acme.io:5432/bank?sslmode=require")
}
