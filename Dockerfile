# One image for web, worker and beat; the command decides.
FROM python:3.12-slim-bookworm AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir uv
COPY requirements.txt /
RUN VIRTUAL_ENV=/venv /venv/bin/uv pip sync --no-cache --compile-bytecode --require-hashes /requirements.txt

FROM python:3.12-slim-bookworm
# Pango and friends are loaded by WeasyPrint; without libharfbuzz-subset0 a certificate costs five times as much.
# Noto fonts print the names that our own fonts cannot.
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-core fonts-noto-cjk \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --create-home --home-dir /data portal \
 && mkdir /data/storage && chown portal /data/storage
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 STATIC_ROOT=/app/staticfiles STORAGE_DIR=/data/storage
# Static files are made with throw-away settings: nothing secret gets into the image.
RUN PORTAL_ENV=production SECRET_KEY=only-while-the-image-is-built-0123456789abcdef0123456789 \
    PORTAL_BASE_URL=https://build.invalid DATABASE_URL=postgres://build.invalid/cme \
    REDIS_URL=redis://build.invalid/0 python manage.py collectstatic --noinput
USER portal
VOLUME /data/storage
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=40s CMD \
    ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# As many workers as cores, one thread each: measured faster than threads for this kind of page.
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", \
     "--blocking-threads", "1", "--no-ws", "--respawn-failed-workers", "cme_portal.wsgi:application"]
