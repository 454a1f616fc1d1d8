// A process that only answers: what Node itself takes.
process.stdout.write("{}");
