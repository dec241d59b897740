/** Where a custom resource keeps its pod template or its image strings. Paths are those of yaml/path.ts, such as `spec.a[*].b`. */
export interface CustomResourceRule {
  /** Such as `argoproj.io/v1alpha1`. `group/*` matches every version. */
  apiVersion: string
  kind: string
  /** Path to a pod template (an object with `metadata` and `spec`), such as `spec.template`. */
  podTemplate: string | null
  /** Paths to image strings, such as `spec.image` or `spec.components[*].image`. */
  images: string[]
}
