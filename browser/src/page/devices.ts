// Which devices were opened in this thread: a backend keeps its own to itself.
const devices: GPUDevice[] = []

/** Remembers the devices that this thread opens from now on. */
export function rememberDevices(): void {
  if (!('GPUAdapter' in globalThis)) return
  const { requestDevice } = GPUAdapter.prototype
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    const device = await requestDevice.call(this, descriptor)
    devices.push(device)
    return device
  }
}

/** Destroys the device that was opened last. */
export function destroyDevice(): void {
  devices.at(-1)?.destroy()
}

/** Waits until the device that was opened last is gone. */
export async function deviceLost(): Promise<void> {
  await devices.at(-1)?.lost
}
