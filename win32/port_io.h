/*
 * Bytes and events of an open COM port in and out of the loop. The loop thread begins overlapped
 * operations and takes their results. One thread for each port waits for their ends and wakes the
 * loop. So nothing here needs a lock, and what is not read stays in the driver, whose flow control
 * stops the other end.
 *
 * Of Windows's ways to read, one works with every driver and with Wine, too. It reads without
 * timeouts, one byte at first, and then as many as the driver says it has.
 */
#ifndef WIN32_PORT_IO_H
#define WIN32_PORT_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct port_io;

/* All run on the loop thread; each may call port_io_stop, and none is called afterwards. */
struct port_io_callbacks {
    void (*received)(void *ctx, const uint8_t *data, size_t len);
    /* The port takes bytes again after port_io_write did not take all. */
    void (*writable)(void *ctx);
    /* Events of WaitCommEvent (EV_...) and errors of ClearCommError (CE_...), since the last call.
     * A driver that does not tell of events is asked twice a second: then it is called without any,
     * and the modem lines may have changed. */
    void (*events)(void *ctx, unsigned long events, unsigned long errors);
    /* The device has gone; `code` is Windows's error. Nothing else is called any more. */
    void (*failed)(void *ctx, unsigned long code);
};

/* Begins on a handle opened for overlapped use, without timeouts, which stays the caller's;
 * `events` (EV_...) are told, none if it is 0. Does not read yet. Returns NULL without memory. */
struct port_io *port_io_start(struct event_base *base, void *com, unsigned long events,
                              const struct port_io_callbacks *callbacks, void *ctx);

/* Takes it out of the loop, and ends its thread. */
void port_io_stop(struct port_io *p);

/* After port_io_stop, from any thread: ends all operations, or gives up a driver that does not end
 * them. The handle may be closed then. */
void port_io_end(struct port_io *p);

/* Leaves the driver alone, or no longer: while it is held nothing is read, and no callback runs. */
void port_io_hold(struct port_io *p, bool on);

void port_io_read(struct port_io *p, bool on);

/* As serial_write. */
int port_io_write(struct port_io *p, const uint8_t *data, size_t len);

/* Drops the bytes that the driver has received, or not sent yet. A read that waits for the next
 * byte continues to wait. Returns 0 or -errno. From another thread, too, while the loop waits for
 * it, or holds the port. */
int port_io_purge(struct port_io *p, bool rx, bool tx);

/* As serial_untransmitted. */
size_t port_io_untransmitted(struct port_io *p);

#endif
