# Millrace for the distributed mode: Kafka, ClickHouse, Redis and the schema registry are elsewhere.

FROM node:20-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Native code comes prebuilt in optional packages, so `--omit=optional` would leave esbuild, snappy, lz4 and crc32
# without theirs. What the image has no use for goes by name: ClickHouse in process and other systems' runtimes.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
    && rm -rf node_modules/chdb node_modules/@chdb \
        node_modules/onnxruntime-node/bin/napi-v6/win32 \
        node_modules/onnxruntime-node/bin/napi-v6/darwin

FROM node:20-bookworm-slim
ENV NODE_ENV=production \
    HTTP_HOST=0.0.0.0 \
    HTTP_PORT=8080 \
    MILLRACE_DATA_DIRECTORY=/var/lib/millrace \
    MILLRACE_LOG_FORMAT=json
WORKDIR /app
RUN install -d -o node -g node /var/lib/millrace
COPY --from=dependencies /app/node_modules node_modules
COPY . .
# Once for every container, whose user cannot write here.
RUN node infra/compiled.mjs --only streams/cli.ts processors/inference/worker.ts trainers/forest/worker.ts \
    trainers/ngram/shard-worker.ts streams/retraining/fit-process.ts streams/doctor/library-probe.ts
USER 1000:1000
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HTTP_PORT}/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "streams/millrace.mjs"]
CMD ["up"]
