# citebot-bot in a container; compose.yaml runs it.
FROM python:3.12-slim

WORKDIR /srv/citebot
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY rag ./rag
COPY prompts ./prompts
COPY bot ./bot
RUN pip install --no-cache-dir -c constraints.txt .

# The library, the exported embedding model and what the bot keeps: all in one volume.
RUN useradd --create-home --home-dir /data --uid 10001 citebot
USER citebot
ENV HOME=/data \
    PYTHONUNBUFFERED=1 \
    CITEBOT_HEALTH_PORT=8734
VOLUME /data
WORKDIR /data

HEALTHCHECK --interval=30s --timeout=5s --start-period=90s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"CITEBOT_HEALTH_PORT\"]}/health', timeout=4)"]

STOPSIGNAL SIGTERM
ENTRYPOINT ["citebot-bot"]
