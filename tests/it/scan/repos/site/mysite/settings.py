import os
import environ
import dj_database_url

env = environ.Env()
DATABASES = {
    'default': {
        'ENGINE': 'django.db.backends.postgresql',
        'NAME': env('POSTGRES_DB', default='mysite'),
        'USER': env('POSTGRES_USER', default='mysite'),
        'PASSWORD': env('POSTGRES_PASSWORD', default='mysite_pass'),
        'HOST': env('POSTGRES_HOST', default='localhost'),
        'PORT': env('POSTGRES_PORT', default='5432'),
    },
    'neon': {
        'ENGINE': 'django.db.backends.postgresql',
        'NAME': os.getenv("NAME"),
        'USER': os.getenv("USER"),
        'PASSWORD': os.getenv("PASS"),
        'HOST': os.getenv("HOST", "neon.acme.io"),
        'PORT': os.getenv("PORT"),
        'OPTIONS': {'sslmode': 'require'},
    },
    'empty': {
        'ENGINE': 'django.db.backends.postgresql_psycopg2',
        'NAME': '',
        'USER': '',
        'HOST': '',
        'PORT': '',
    },
    'legacy': {
        'ENGINE': 'django.db.backends.mysql',
        'HOST': 'mysql.acme.io',
        'USER': 'u',
        'PASSWORD': 'p',
    },
}

if os.environ.get("RENDER"):
    DATABASES['default'] = dj_database_url.config(default='postgres://mysite:Dj-8181@dj.acme.io/mysite', conn_max_age=600)

DATABASES['default']['HOST'] = 'index.acme.io'
DATABASES['default']['PASSWORD'] = 'Ix-2323'
