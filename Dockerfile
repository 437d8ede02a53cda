# syntax=docker/dockerfile:1
FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python -m venv /opt/supportrag
COPY pyproject.toml README.md ./
COPY src ./src
RUN /opt/supportrag/bin/pip install . \
    && find /opt/supportrag -name '__pycache__' -prune -exec rm -rf {} + \
    && find /opt/supportrag -type d -name 'tests' -path '*/site-packages/*' -prune -exec rm -rf {} +

FROM python:3.11-slim
LABEL org.opencontainers.image.title="supportrag" \
      org.opencontainers.image.description="Answers customers' questions from a company's own approved Q&A knowledge" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --uid 10001 --no-log-init --create-home --home-dir /var/lib/supportrag supportrag
COPY --from=build /opt/supportrag /opt/supportrag
ENV PATH=/opt/supportrag/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SUPPORTRAG_HOST=0.0.0.0 \
    SUPPORTRAG_PORT=8000 \
    SUPPORTRAG_LOG_FORMAT=json
USER 10001
WORKDIR /var/lib/supportrag
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['SUPPORTRAG_PORT'] + '/livez', timeout=2)"]
ENTRYPOINT ["supportrag"]
CMD ["serve"]
