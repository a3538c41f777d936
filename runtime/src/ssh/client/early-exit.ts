/** The places in the configuration of sshd that name the command of a subsystem. */
const COMMAND = "the command in its Subsystem line, ForceCommand or command=";

/** The fix where sshd starts an SFTP server. */
export const SFTP_SERVER =
  "remove ForceCommand internal-sftp for this user, and name `sshrpc serve --stdio` in the Subsystem line";

/** The probable cause and the fix for each exit status. */
function causeOf(status: number): string {
  switch (status) {
    case 0:
      return `${COMMAND} is not \`sshrpc serve --stdio\``;
    case 1:
      return `${COMMAND} failed, or the login shell did not run it: quote each * in --scopes, and a ChrootDirectory needs the shell`;
    case 2:
      return `${COMMAND} has an invalid flag or lacks --handlers`;
    // sftp-server ends with this status where it receives anything but SFTP.
    case 11:
      return `it is an SFTP server: ${SFTP_SERVER}`;
    // fish, for a pattern without a match.
    case 124:
      return `the login shell rejects a pattern in ${COMMAND}: quote each * in --scopes`;
    case 126:
    case 127:
      return `${COMMAND} names a program that does not exist there: check its path, and that node is on the PATH and in a ChrootDirectory`;
    case 255:
      return "sshd could not start it: check ChrootDirectory, and see the log of sshd";
    default:
      return `${COMMAND} failed`;
  }
}

/**
 * Why the server's command ended without any output, from its exit status. sshd discards the standard error of a subsystem, so
 * the status is the only clue.
 */
export function describeEarlyExit(status: number): string {
  const more = status === 255 ? "" : "; run that command on the server to see why, or see its --log";
  return `the server's command ended with status ${status} and without output: ${causeOf(status)}${more}`;
}
