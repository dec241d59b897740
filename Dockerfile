# syntax=docker/dockerfile:1

# Dependencies are installed with the same major of Node that runs them.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# No install script of any package is needed at run time.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && npm cache clean --force
COPY bin/ bin/
COPY src/ src/
COPY examples/demo/ examples/demo/
# One run of the whole program fills V8's compile cache: half the CPU and some 20 MB less memory at every start. It is taken
# only by the very Node that made it, with the same flags and for the same user.
COPY --from=gcr.io/distroless/nodejs24-debian12:nonroot /nodejs/ /nodejs/
RUN mkdir -m 1777 .compile-cache
ENV NODE_COMPILE_CACHE=/app/.compile-cache NODE_COMPILE_CACHE_PORTABLE=1
USER 65532:65532
# The demo knows no cluster, so what finds one is run as well.
RUN /nodejs/bin/node --memory-saver-mode src/main.ts demo \
 && /nodejs/bin/node --memory-saver-mode --eval "import('@kubernetes/client-node')"
USER 0:0
# Node writes it with mode 600, and root owns it in the end.
RUN chmod -R a+rX,go-w .compile-cache

FROM gcr.io/distroless/nodejs24-debian12:nonroot
LABEL org.opencontainers.image.title="pullgate" \
      org.opencontainers.image.description="Tells at kubectl apply whether an image can be pulled, why not, and what to type" \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /app
COPY --from=build --chown=0:0 /app /app
# Names are resolved on libuv's threads: with four, a few names that hang would hold up file reads.
# A young generation of 4 MiB instead of 16: less memory for a load that showed no difference in reviews a second.
ENV NODE_ENV=production \
    NODE_COMPILE_CACHE=/app/.compile-cache \
    NODE_COMPILE_CACHE_PORTABLE=1 \
    UV_THREADPOOL_SIZE=16 \
    NODE_OPTIONS="--max-semi-space-size=4 --v8-pool-size=1"
USER 65532:65532
EXPOSE 8443 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["/nodejs/bin/node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# V8 collects garbage earlier: some 20 MB less under load for no difference in reviews a second.
ENTRYPOINT ["/nodejs/bin/node", "--memory-saver-mode", "/app/src/main.ts"]
CMD ["serve"]
