import os

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "mysite",
        "USER": "mysite",
        "PASSWORD": os.environ["DB_PASSWORD"],
        "HOST": os.environ.get("DB_HOST", "db.mysite.acme.io"),
        "PORT": "5432",
        "OPTIONS": {"sslmode": "require"},
    },
    "replica": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "mysite",
        "PASSWORD": "hunter2",
        "HOST": "replica.mysite.acme.io",
        "OPTIONS": {"sslmode": "verify-full", "sslrootcert": "certs/missing.crt"},
    },
    "legacy": {
        "ENGINE": "django.db.backends.mysql",
        "NAME": "legacy",
        "HOST": "mysql.mysite.acme.io",
        "PASSWORD": "mysql-hunter3",
    },
    # "old": {"ENGINE": "django.db.backends.postgresql", "HOST": "old.acme.io", "NAME": "x"},
}
EMAIL_HOST = "smtp.acme.io"
EMAIL_HOST_PASSWORD = "mail-hunter4"
