# One image for every process of a cluster; compose.yaml chooses the Procfile line.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    ARBEDGE_ENV=production ARBEDGE_DATA=/srv/data STATIC_ROOT=/srv/static \
    PROMETHEUS_MULTIPROC_DIR=/srv/metrics \
    BIND=0.0.0.0 WEB_PORT=8000 WEB_WORKERS=2 FLOWER_BIND=0.0.0.0 FLOWER_PORT=5555 \
    SIMULATOR_PORT=8090 RECEIVER_PORT=8091 RECEIVER_MAIL_PORT=8092 LOG_LEVEL=INFO

RUN useradd --create-home --uid 10001 arbedge && install -d -o arbedge /srv/data /srv/static /srv/metrics
WORKDIR /srv/arbedge

COPY requirements/setup.txt requirements/venues.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/setup.txt \
    && uv pip install --system --no-cache --require-hashes --compile-bytecode -r requirements/venues.txt

COPY manage.py Procfile ./
COPY templates templates
COPY arbedge arbedge
COPY accounts accounts
COPY exchanges exchanges
COPY opportunities opportunities
COPY notifications notifications
COPY analytics analytics
RUN SECRET_KEY=only-while-building python manage.py collectstatic --noinput --verbosity 0

USER arbedge
EXPOSE 8000
# `docker run … web`, `… market`, `… notify`, `… bot`, `… tasks`, `… beat`, `… flower`: the lines of the Procfile.
ENTRYPOINT ["/bin/sh", "-c", "eval \"exec env $(sed -n \"s/^$0: *//p\" Procfile)\""]
CMD ["web"]
