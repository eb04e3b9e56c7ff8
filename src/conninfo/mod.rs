//! Text in, meaning out: a libpq connection string and what fills in the rest of it.
