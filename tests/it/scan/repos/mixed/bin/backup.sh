#!/bin/bash
# psql -h comment.acme.io
export PGHOST=backup.acme.io PGUSER=backup
export PGSSLMODE=require
pg_dump -h 10.0.0.7 -U backup blog > /tmp/blog.sql
psql "service=prod" -c 'select 1'
