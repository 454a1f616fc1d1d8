const words = (text: string): string[] => text.trim().split(/\s+/);

/** Directories that hold no sources. The directory `.git` is never read. */
const DIRECTORIES: readonly string[] = words(`
  node_modules bower_components jspm_packages .hg .svn .jj .cache .parcel-cache .turbo .next .nuxt .output .svelte-kit
  .vite .vercel .netlify .wrangler .pnpm-store .nyc_output __pycache__ .venv venv .tox .mypy_cache .pytest_cache
  .ipynb_checkpoints .gradle .idea .terraform wandb mlruns lightning_logs
`);
const FILES: readonly string[] = words(".DS_Store Thumbs.db *.log *.tsbuildinfo *.map *.pyc *.swp");
/** Data, weights, images, archives and programs. */
const EXTENSIONS: readonly string[] = words(`
  parquet arrow feather avro orc npy npz pkl pickle h5 hdf5 hdf nc tfrecord tfrecords lmdb mdb sqlite sqlite3 db duckdb
  mat rds bin dat safetensors gguf ggml onnx pt pth ckpt pb tflite keras joblib mlmodel
  png jpg jpeg gif bmp tif tiff webp ico icns heic avif psd mp3 wav flac ogg m4a mp4 mov avi mkv webm
  zip tar gz tgz bz2 xz zst 7z rar jar whl iso dmg pdf docx xlsx pptx
  exe dll so dylib a o obj lib class wasm node ttf otf woff woff2 eot
`);
/** Outputs of builds. They count only without a `.gitignore`, because some projects have sources in `build`. */
const OUTPUTS: readonly string[] = words("dist build out target coverage tmp temp logs");

/** Returns the patterns of `.gitignore` that come before those of the directory. */
export function defaultPatterns(hasGitignore: boolean): string {
  const directories = hasGitignore ? DIRECTORIES : [...DIRECTORIES, ...OUTPUTS];
  return [...directories.map((name) => `${name}/`), ...FILES, ...EXTENSIONS.map((name) => `*.${name}`)].join("\n");
}

/** Directories that hold secrets. */
export const SECRET_DIRECTORIES: ReadonlySet<string> = new Set([".aws", ".ssh", ".gnupg", ".kube", ".docker"]);

/** Tables in text. Large ones are data. */
export const TABLE: RegExp = /\.(?:csv|tsv|jsonl|ndjson|arff|libsvm|svmlight)$/i;

/** Files whose name is that of secrets, but which may be sources. Their content decides. */
export const JUDGED_BY_CONTENT: RegExp =
  /(?:^|\/)(?:\.npmrc|credentials[\w.-]*\.(?:[cm]?[jt]sx?|py|go|rs|java|kt|md))$/i;

/** Files that say what else the sources need. */
export const LOCKFILE: RegExp =
  /^(?:package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|yarn\.lock|bun\.lockb?|deno\.lock)$/;
