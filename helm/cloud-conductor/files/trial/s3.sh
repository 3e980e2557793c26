# The S3 server of the trial: SeaweedFS in one process, of which only S3 listens beyond the pod.
set -eu
WEED_S3_SSE_KEY=$(cat /etc/conductor/secret/sse-key)
export WEED_S3_SSE_KEY WEED_MASTER_VOLUME_GROWTH_COPY_1=1
exec weed server -dir=/data -ip=127.0.0.1 -ip.bind=127.0.0.1 -filer -s3 -s3.ip.bind=0.0.0.0 -s3.port=8333 \
  -s3.config=/etc/conductor/secret/identities.json -s3.port.iceberg=0 -s3.port.lance=0 \
  -master.telemetry=false -master.volumeSizeLimitMB=256 -volume.max=100
