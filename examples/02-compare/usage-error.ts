/** What is wrong with the command line or a file that it names: said without a stack, exit code 2. */
export class UsageError extends Error {}
