# PostgreSQL of the trial: made on an empty /data, with a database each for Prefect, ledger and warehouse.
set -eu
data=/data/postgresql
secret=/etc/conductor/secret
if [ ! -e "$data/made" ]; then
  rm -rf "$data"
  initdb --pgdata="$data" --username=postgres --pwfile=$secret/password \
    --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 >/dev/null
  echo 'host all all all scram-sha-256' >>"$data/pg_hba.conf"
  # Each statement is one line, which is how a server without clients takes them.
  postgres --single -j -D "$data" postgres >/dev/null <<SQL
CREATE ROLE prefect LOGIN PASSWORD '$(cat $secret/prefect)';

CREATE ROLE conductor LOGIN PASSWORD '$(cat $secret/conductor)';

CREATE DATABASE prefect OWNER prefect;

CREATE DATABASE ledger OWNER conductor;

CREATE DATABASE warehouse;

SQL
  touch "$data/made"
fi
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/tmp -c max_connections=120 -c shared_buffers=96MB
