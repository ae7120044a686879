#include "pty_ioctl.h"

#include "far_port.h"
#include "pty_connection.h"
#include "pty_input.h"
#include "vport.h"

enum { ROOM = 256 * 1024 }; /* of the connection's queue; a read of the port may follow */

bool pty_ioctl_take(struct pty_ioctl *io)
{
    bool all = vport_take(io->port);

    return all && pty_connection_queued(io->connection) == 0;
}

uint64_t pty_ioctl_progress(const struct pty_ioctl *io)
{
    return 2 * io->connection->sent - pty_connection_unacknowledged(io->connection);
}

bool pty_ioctl_has_room(const struct pty_ioctl *io)
{
    return pty_connection_queued(io->connection) < ROOM;
}

bool pty_ioctl_knows_lines(struct pty_ioctl *io)
{
    bool knows = far_port_knows_lines(io->far);

    pty_connection_flush(io->connection);
    return knows;
}

void pty_ioctl_forgo_lines(struct pty_ioctl *io)
{
    far_port_forgo_lines(io->far);
}

bool pty_ioctl_is_settled(const struct pty_ioctl *io)
{
    return vport_is_settled(io->port) && pty_connection_queued(io->connection) == 0;
}

/* --- what a port does ------------------------------------------------------------------------- */

static int port_termios(void *ctx, unsigned request, void *data)
{
    return vport_termios(((struct pty_ioctl *)ctx)->port, request, data);
}

static unsigned port_lines(void *ctx)
{
    const struct pty_ioctl *io = ctx;

    return io->far->outputs | io->far->inputs;
}

static void port_set_lines(void *ctx, unsigned mask, unsigned values)
{
    struct pty_ioctl *io = ctx;

    far_port_set_lines(io->far, mask, values);
    pty_connection_flush(io->connection);
}

static void port_set_break(void *ctx, bool on)
{
    struct pty_ioctl *io = ctx;

    if (!io->far->ready)
        return;
    far_port_tell(io->far, RFC2217_SET_CONTROL,
                  on ? RFC2217_CONTROL_BREAK_ON : RFC2217_CONTROL_BREAK_OFF);
    pty_connection_flush(io->connection);
}

static void port_counts(void *ctx, struct ioctl_counts *counts)
{
    const struct pty_ioctl *io = ctx;

    *counts = io->far->counts;
    counts->rx = (unsigned)io->input->received;
    counts->tx = (unsigned)io->connection->sent;
}

static size_t port_unsent(void *ctx)
{
    const struct pty_ioctl *io = ctx;
    size_t unsent = vport_untaken(io->port) + pty_connection_unacknowledged(io->connection);

    if (unsent > 0)
        return unsent;
    return pty_connection_is_busy(io->connection) ? 1 : 0;
}

static unsigned port_begin_drain(void *ctx)
{
    struct pty_ioctl *io = ctx;

    if (!io->far->ready || !io->far->peer->drain_is_told)
        return io->far->stops_answered;
    io->drain = far_port_ask_drain(io->far);
    io->drain_sent = io->connection->sent;
    pty_connection_flush(io->connection);
    return io->drain;
}

static bool port_is_drained(void *ctx, unsigned ticket)
{
    struct pty_ioctl *io = ctx;

    if (!io->connection->ready || pty_connection_queued(io->connection) > 0)
        return false;
    if (!io->far->ready || !io->far->peer->drain_is_told)
        return port_unsent(io) == 0;
    if ((int)(io->far->stops_answered - ticket) < 0)
        return false;
    if (ticket == io->drain && io->connection->sent == io->drain_sent)
        io->connection->busy_until_us = 0; /* the server knows better than we */
    return true;
}

const struct ioctl_port pty_ioctl_port = {
    .termios = port_termios,
    .termios_size = vport_termios_size,
    .lines = port_lines,
    .set_lines = port_set_lines,
    .set_break = port_set_break,
    .counts = port_counts,
    .unsent = port_unsent,
    .begin_drain = port_begin_drain,
    .is_drained = port_is_drained,
};
