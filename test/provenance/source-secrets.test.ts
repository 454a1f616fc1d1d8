import { describe, expect, test } from "vitest";
import { holdsSourceSecret } from "../../src/provenance/redaction/source-secrets.ts";
import { processorMs } from "../processor-time.ts";

const P = "hunter2abc9";

describe("a secret is noticed", () => {
  test.each([
    ["a.ts", `db({ pass: "${P}" });`],
    ["a.ts", `const dbPass = "${P}";`],
    ["a.py", `db_pass = "${P}"`],
    ["a.ts", `const password = process.env.X || "${P}";`],
    ["a.ts", `const x = process.env.DB_PASSWORD || "${P}";`],
    ["a.ts", `const x = process.env["DB_PASSWORD"] ?? "${P}";`],
    ["a.ts", `const password = config.get("db")||'${P}';`],
    ["a.py", `password = os.environ.get("X") or "${P}"`],
    ["a.py", `x = os.environ.get("DB_PASSWORD") or "${P}"`],
    ["a.ts", `options.password ??= "${P}";`],
    ["a.ts", `options.password ||= "${P}";`],
    ["a.ts", `const password = "hunter2'abc9";`],
    ["a.ts", `const password = 'hunter2"abc9';`],
    ["a.py", `parser.add_argument("--password", default="${P}")`],
    ["a.py", `parser.add_argument("-p", "--db-password", type=str,\n    help="of (the) base", default='${P}')`],
    ["a.ts", `parseArgs({ options: { password: { type: "string", default: "${P}" } } });`],
    ["a.ts", `yargs.option("password", { type: "string", default: "${P}" });`],
    ["my.lock", `password = "${P}"`],
    ["my.cnf", `[client]\npassword=${P}\n`],
    ["my.service", `[Service]\nEnvironment="DB_PASSWORD=${P}"\n`],
    ["prod.env", `DB_PASSWORD=${P}\n`],
    ["settings.xml", `<server><password>${P}</password></server>`],
    ["settings.xml", "<server>\n  <password>letmein</password>\n</server>"],
    ["a.ts", `const settings = "<password>${P}</password>";`],
    ["a.sql", `CREATE USER 'a'@'%' IDENTIFIED BY 'letmein';`],
    ["a.py", `db.execute("CREATE USER a IDENTIFIED WITH mysql_native_password BY '${P}'")`],
    [
      "a.js",
      'const url = "https://a.blob.core.windows.net/c/f?sv=2024-05-04&se=2026-01-01&sig=8fJ2kd93Kdl3Jd0q%2Bw%3D";',
    ],
    [
      "a.js",
      "get(`https://b.s3.amazonaws.com/k?X-Amz-Date=20260101T000000Z&X-Amz-Signature=0f3a9c8b7d6e5f4a3b2c1d0e`)",
    ],
    ["a.js", '"https://storage.googleapis.com/b/o?X-Goog-Signature=0f3a9c8b7d6e5f4a3b2c1d0e"'],
    ["a.js", '"https://d1.cloudfront.net/f?Policy=eyJTdGF0ZW1lbnQiOlt7fV19&Key-Pair-Id=K1"'],
    ["a.js", '"https://example.org/#access_token=8fJ2kd93Kdl3Jd0q"'],
    ["a.js", '"https://example.org/?a=1&token=8fJ2kd93Kdl3Jd0q"'],
    ["a.js", `connect("Server=x;User=a;Password=${P};")`],
    ["a.js", `request.get(url).auth("alice", "${P}");`],
    ["a.js", `request.get(url)\n  .auth("alice", "${P}", { type: "auto" });`],
    ["a.py", `requests.get(url, auth=("alice", "${P}"))`],
    ["a.py", `requests.get(url, auth=HTTPBasicAuth('alice', '${P}'))`],
    ["a.ts", `basicAuth("alice", "${P}")`],
    ["a.py", `server.login("alice@example.org", "${P}")`],
    ["a.ts", `await client.signIn('alice', '${P}')`],
  ])("%s: %s", (path, text) => expect(holdsSourceSecret(path, text)).toBe(true));
});

describe("code that only speaks of secrets is kept", () => {
  test.each([
    ["a.ts", 'const bypass = "phase-2-only"; const pass = process.env.PASS;'],
    ["a.ts", 'const firstPass = "phase20"; const forward_pass = "layer12";'],
    ["a.ts", 'const password = process.env.X || "";'],
    ["a.ts", 'const password = process.env.X ?? "<your password>";'],
    ["a.ts", 'options.token ??= "${next()}";'],
    ["a.py", 'parser.add_argument("--password", default="")'],
    ["a.py", 'parser.add_argument("--password", help="x")\nparser.add_argument("--model", default="resnet50")'],
    ["a.py", 'parser.add_argument("--model", default="resnet50")\nparser.add_argument("--password")'],
    ["a.ts", 'parseArgs({ options: { password: { type: "string" }, model: { default: "resnet50" } } });'],
    ["Cargo.lock", 'checksum = "0123456789abcdef"\ntoken = "abc123def456"'],
    ["sub/pnpm-lock.yaml", "token: abc123def456"],
    ["settings.xml", "<password>${env.PASSWORD}</password><password></password><passwordPolicy>3</passwordPolicy>"],
    ["a.tsx", "<Password>Enter your password</Password>"],
    ["a.sql", "CREATE USER a IDENTIFIED BY '?'; CREATE USER b IDENTIFIED BY '${password}';"],
    ["a.py", "A library identified by 'name'."],
    ["a.js", '"https://example.org/?token=your-token-goes-here&sig=${signature}&policy=<your policy here>"'],
    ["a.js", 'connect("Server=x;Password=" + password + ";"); help("Password=...;")'],
    ["a.js", 'request.auth("alice", password); request.auth("alice", "<password>"); request.auth("a", "secret");'],
    ["a.py", 'requests.get(url, auth=("user", "pass")); requests.get(url, auth=("user", "password"))'],
    ["a.ts", 'model.connect("conv1", "relu1", "pool22"); connect("mongodb", "runs", "table2022");'],
    ["a.ts", 'router.use(auth("admin", "reports2")); author("jane", "chapter2"); reauth("jane", "chapter2");'],
    ["a.ts", 'signIn("github", "/runs/2024"); login("page", "step-2"); signIn("email", `${user}2024`);'],
    ["a.php", `"CREATE USER a IDENTIFIED BY '" . $password . "'"`],
  ])("%s: %s", (path, text) => expect(holdsSourceSecret(path, text)).toBe(false));
});

test("takes time in proportion to the length, also for hostile repetition", async () => {
  const units = [
    'aa=|aa="|aa=\'x"|aa = b.c|aa = b" or |aa ?? |aa, |aa: b = |password|a=(((((((|"aa")|<a |<a>b|<password>|<a b=\'c\'>d</',
    '"--aa", |"--password", default=|default="|default=\'x" |a: { default: "x", |a, {|{default: \'\'|://a:b|login(',
    'auth("a", |.auth("a", "b|login(  "a",|auth=("a" , "|basicauth(',
    "https://|https://a?|?sig=|&token=0a|\"password=|'pwd = ",
    "identified by |identified with a by '|identified by 'x\"",
  ].flatMap((some) => some.split("|"));
  for (const unit of units) {
    const text = unit.repeat(300_000 / unit.length);
    const took = await processorMs(() => holdsSourceSecret("a.ts", text));
    expect(took, unit).toBeLessThan(3000);
  }
});
