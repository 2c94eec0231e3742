# The image of everything: ballastd, ballast-csi, ballast-operator and ballast. Built from nothing:
#
#     buildah bud -t ballast .        or        docker build -t ballast .
#
# Who has the programs built already makes the same image of them in seconds, as e2e/cluster/ballast_image does:
#
#     image/root DIR build/release/bin/{ballastd,ballast-csi,ballast-operator,ballast}
#     buildah bud -t ballast --build-context root=DIR .
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
COPY . /source
RUN /source/image/build /source /root-of-image

# Only what the programs need beyond the base: themselves, their shared libraries, the public certificate authorities.
FROM scratch AS root
COPY --from=build /root-of-image /

FROM ${BASE}
COPY --from=root / /
LABEL org.opencontainers.image.title=ballast \
      org.opencontainers.image.description="A model cache for Kubernetes: one verified copy per node, one download per cluster" \
      org.opencontainers.image.licenses=Apache-2.0
USER 65532:65532
CMD ["ballast", "--help"]
