/**
 * Loads an optional peer dependency.
 * @param user what needs it
 * @throws Error that says what to install
 */
export async function loadPeer<Module>(name: string, user: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new Error(`${user} requires the package ${name}: npm install ${name}`, { cause: error });
  }
}
