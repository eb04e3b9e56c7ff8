import Config

config :blog, Blog.Repo,
  url: "ecto://blog:el-4419@elixir.acme.io/blog?sslmode=require",
  pool_size: 10
