import environ

env = environ.Env()
DATABASES = {"default": env.db("DATABASE_URL", default="postgres://mysite:mysite@localhost/mysite")}
