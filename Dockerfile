# One image of the orchestrator and its agents, with the RabbitMQ that Debian packages; docs/ci.md says how to use it.
FROM node:22-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm pack --pack-destination /tmp && mv /tmp/busbench-*.tgz /tmp/busbench.tgz

FROM node:22-bookworm-slim
# Empty for an image of ZeroMQ alone.
ARG PACKAGES="rabbitmq-server iproute2 iptables"
# tini is the first process: busbench reaps its own children, not those that a broker leaves behind.
RUN apt-get update \
    && apt-get install -y --no-install-recommends tini $PACKAGES \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /tmp/busbench.tgz /tmp/busbench.tgz
RUN npm install --global --no-audit --no-fund /tmp/busbench.tgz \
    && npm cache clean --force \
    && rm /tmp/busbench.tgz \
    && install -d -o node -g node /bench
USER node
WORKDIR /bench
ENTRYPOINT ["tini", "--", "busbench"]
CMD ["run", "quickstart"]
