from pydantic import Field
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    db_host: str = "pydantic.acme.io"
    db_port: int = 5432
    db_user: str = "app"
    db_name: str = "app"
    database_url: str = Field(default="postgresql+asyncpg://app:As-5521@async.acme.io/app")
    redis_url: str = "redis://localhost:6379/0"
