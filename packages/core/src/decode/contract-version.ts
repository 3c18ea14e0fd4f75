import { OutriderError } from '../errors'

/** Refuses what a plugin brings where it is written for another contract; `what` says its kind. Throws `STRATEGY_VERSION`. */
export function checkVersion(what: string, { name, specVersion }: { name: string; specVersion: number }): void {
  if (specVersion !== 1)
    throw new OutriderError(
      'STRATEGY_VERSION',
      `${what} ${name} is written for contract version ${specVersion}, this core speaks 1: install matching versions`,
    )
}
