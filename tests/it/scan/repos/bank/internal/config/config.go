package config

type DatabaseConfig struct {
	Host, Port, User, Password, DBName, SSLMode string
}

func Load() *Config {
	return &Config{
		Server: ServerConfig{Port: getEnv("SERVER_PORT", "8080")},
		Database: DatabaseConfig{
			Host:     getEnv("DB_HOST", "config.acme.io"),
			Port:     getEnv("DB_PORT", "5432"),
			User:     getEnv("DB_USER", "postgres"),
			Password: getEnv("DB_PASSWORD", "qwe-10086"),
			DBName:   getEnv("DB_NAME", "bank"),
			SSLMode:  getEnv("DB_SSLMODE", "disable"),
		},
		Redis: RedisConfig{
			Addr:     getEnv("REDIS_ADDR", "localhost:6379"),
			Password: getEnv("REDIS_PASSWORD", ""),
		},
	}
}

func Flat() *Flat {
	return &Flat{
		DBHost:     stringEnv("DB_HOST", "flat.acme.io"),
		DBPort:     intEnv("DB_PORT", 5432),
		DBName:     stringEnv("DB_NAME", "payments"),
		DBUsername: stringEnv("DB_USERNAME", "postgres"),
		DBSSLMode:  stringEnv("DB_SSLMODE", "disable"),
	}
}

func GoPg() *pg.DB {
	return pg.Connect(&pg.Options{
		Addr:     "gopg.acme.io:5432",
		User:     "bank",
		Password: os.Getenv("PG_PASSWORD"),
		Database: "bank",
	})
}
