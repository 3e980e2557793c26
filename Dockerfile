# Images of Cloud Conductor. Targets: `conductor` (the default), `spark`, `trial`; docs/how-to/build-the-image.md tells how.
# Only `python` and `pip` are called, with whatever settings the builder gives pip; nothing here names a place to fetch from.

FROM python:3.13-slim-trixie AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0
RUN apt-get update -q && apt-get install -y --no-install-recommends binutils && rm -rf /var/lib/apt/lists/*
COPY requirements/image.txt /build/
RUN python -m venv --without-pip /opt/venv \
 && python -m pip --python /opt/venv/bin/python install --no-compile --require-hashes --only-binary :all: -r /build/image.txt
COPY k8s/image/trim.py k8s/image/trim.txt /build/
# Byte code that never looks at its source's date is the same in every build. The last line makes the code, which later builds change
# alone, importable: an editable install in a folder of its own.
RUN /opt/venv/bin/python /build/trim.py /build/trim.txt \
 && find /opt/venv -type f -name '*.so*' '(' -path '*/_polars_runtime*' -o -path '*/pyarrow/*' -o -path '*/obstore/*' ')' \
    -exec strip --strip-unneeded {} + \
 && /opt/venv/bin/python -c 'import boto3, dbt.cli.main, deltalake, duckdb, great_expectations, obstore, pandas, polars, prefect_aws, \
prefect_kubernetes, prefect_redis, psycopg, pyarrow.compute, pyarrow.dataset, pyarrow.parquet' \
 && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib \
 && printf '/opt/conductor\n/opt/app/lib/python3.13/site-packages\n' >/opt/venv/lib/python3.13/site-packages/conductor.pth


FROM packages AS code
COPY requirements/backends.txt /build/
RUN python -m pip install --no-compile --require-hashes --target /opt/backends -r /build/backends.txt
WORKDIR /opt/conductor
COPY pyproject.toml README.md LICENSE prefect.yaml ./
COPY k8s k8s
COPY dbt dbt
COPY products products
COPY sandbox sandbox
COPY blocks blocks
COPY flows flows
COPY conductor conductor
# Flows are deployed by file, so the code lies in one place only.
RUN PYTHONPATH=/opt/backends python -m pip --python /opt/venv/bin/python install --no-compile --no-deps --no-build-isolation \
    --prefix /opt/app --editable . \
 && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/conductor


FROM python:3.13-slim-trixie AS base
RUN apt-get update -q && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 conductor \
 && useradd --uid 10001 --gid 10001 --create-home --home-dir /home/conductor --shell /usr/sbin/nologin conductor \
 && install -d -o 10001 -g 10001 /prefect
ENV HOME=/home/conductor PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
ENTRYPOINT ["tini", "-g", "--"]


# What is said of an image stands before its files: some builders store all files again for each later line.
FROM base AS conductor
ENV PATH=/opt/app/bin:/opt/venv/bin:$PATH PREFECT_HOME=/prefect CONDUCTOR_HOME=/home/conductor/workspace \
    PREFECT_SERVER_ANALYTICS_ENABLED=false DO_NOT_TRACK=1
WORKDIR /opt/conductor
USER 10001:10001
CMD ["conductor", "--help"]
COPY --from=packages /opt/venv /opt/venv
COPY --from=code /opt/app /opt/app
COPY --from=code /opt/conductor /opt/conductor
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Cloud Conductor" \
      org.opencontainers.image.description="Prefect flows that carry accounting data to a warehouse, each batch with exactly one effect" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"


FROM packages AS spark-packages
COPY requirements/backends.txt requirements/spark.txt k8s/image/fetch_jars.py k8s/image/jars.lock k8s/image/jars.trim.txt /build/
RUN python -m pip install --no-compile --require-hashes --target /opt/backends -r /build/backends.txt \
 && PYTHONPATH=/opt/backends python -m pip install --no-compile --no-deps --no-build-isolation --require-hashes \
    --target /opt/spark -r /build/spark.txt \
 && python /build/trim.py /build/jars.trim.txt /opt/spark/pyspark \
 && find /opt/spark/zstandard -name '*.so' -exec strip --strip-unneeded {} +
ARG MAVEN_URL
RUN python /build/fetch_jars.py "$MAVEN_URL" /build/jars.lock /opt/spark/pyspark/jars \
 && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/spark


FROM conductor AS spark
USER 0:0
# Java's package makes links to its manual pages, for which slim images have no folder.
RUN mkdir -p /usr/share/man/man1 && apt-get update -q \
 && apt-get install -y --no-install-recommends openjdk-21-jre-headless && rm -rf /var/lib/apt/lists/*
COPY --from=spark-packages /opt/spark /opt/spark
COPY --chmod=755 k8s/image/spark-entrypoint /usr/local/bin/spark-entrypoint
ENV PYTHONPATH=/opt/spark SPARK_HOME=/opt/spark/pyspark PYSPARK_PYTHON=/opt/venv/bin/python
USER 10001:10001
ENTRYPOINT ["tini", "-g", "--", "spark-entrypoint"]
LABEL org.opencontainers.image.title="Cloud Conductor with Spark"


FROM base AS trial
COPY requirements/trial.txt /build/
RUN apt-get update -q && apt-get install -y --no-install-recommends postgresql redis-server && rm -rf /var/lib/apt/lists/* \
 && ln -s /usr/lib/postgresql/*/bin /opt/postgresql \
 && python -m venv --without-pip /opt/venv \
 && python -m pip --python /opt/venv/bin/python install --no-cache-dir --require-hashes -r /build/trial.txt
ENV PATH=/opt/postgresql:/opt/venv/bin:$PATH
USER 10001:10001
LABEL org.opencontainers.image.title="PostgreSQL, Redis and an S3 server for trying Cloud Conductor"


FROM conductor
