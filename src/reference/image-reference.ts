/** An image reference as the kubelet and containerd read it. `null` stands for what is absent. */
export interface ImageReference {
  /** Host and port as normalised by the grammar; `docker.io` for short names; may be empty (see parseReference). */
  registry: string
  /** Repository path on that registry, such as `library/nginx`. */
  repository: string
  /** The tag as written. */
  tag: string | null
  /** The digest as written, `algorithm:hex`. */
  digest: string | null
  /** The tag, or `latest` when neither tag nor digest was written. */
  effectiveTag: string | null
  /** What the container runtime is asked for: a tag beside a digest is dropped. */
  pullReference: string
}
