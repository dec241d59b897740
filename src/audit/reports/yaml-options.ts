/**
 * How reports write YAML. kubectl and many a program read YAML 1.1, to which `no`, `on`, `1:30` and `2025-03-18` are no texts
 * unless they are quoted.
 */
export const yamlOptions = {
  compat: 'yaml-1.1',
  aliasDuplicateObjects: false,
  lineWidth: 0,
} as const
