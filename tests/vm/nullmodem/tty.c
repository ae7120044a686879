// SPDX-License-Identifier: GPL-2.0
/*
 * tty - what the kernel's tty layer asks of an end.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/tty_driver.h>
#include <linux/uaccess.h>

#include "box.h"
#include "tty.h"
#include "wire.h"

static unsigned int clock;
module_param(clock, uint, 0644);
MODULE_PARM_DESC(clock, "16 times the speed that all others divide, 0 for any");

static bool stall;
module_param(stall, bool, 0644);
MODULE_PARM_DESC(stall, "changes of ttyNM0 do not return");

static void wait_while_stalled(const struct end *e)
{
	while (e == box_end(0) && READ_ONCE(stall))
		msleep(10);
}

/* --- settings ------------------------------------------------------------------------ */

static struct settings settings_of(const struct tty_struct *tty, unsigned int baud)
{
	unsigned int cflag = tty->termios.c_cflag;
	struct settings set = {
	    .frame.baud = baud,
	    .frame.bits = tty_get_char_size(cflag),
	    .frame.parity = 'N',
	    .frame.stop = cflag & CSTOPB ? 2 : 1,
	    .flow = (cflag & CRTSCTS ? FLOW_RTSCTS : 0) |
		    (tty->termios.c_iflag & (IXON | IXOFF) ? FLOW_XON : 0),
	    .hupcl = cflag & HUPCL,
	};

	if (cflag & PARENB && cflag & CMSPAR)
		set.frame.parity = cflag & PARODD ? 'M' : 'S';
	else if (cflag & PARENB)
		set.frame.parity = cflag & PARODD ? 'O' : 'E';
	return set;
}

static void adopt_settings(struct end *e, struct tty_struct *tty)
{
	unsigned int baud = tty_get_baud_rate(tty);
	struct settings set;
	ktime_t now;
	unsigned long flags;

	if (baud && clock >= 16) {
		baud = clock / 16 / max(DIV_ROUND_CLOSEST(clock / 16, baud), 1u);
		tty_encode_baud_rate(tty, baud, baud);
	}
	flags = wire_take(e, &now);
	set = settings_of(tty, baud ? baud : e->set.frame.baud);
	wire_set(e, &set, now);
	wire_release(e, now, flags);
}

static void nm_set_termios(struct tty_struct *tty, const struct ktermios *old)
{
	struct end *e = tty->driver_data;

	wait_while_stalled(e);
	adopt_settings(e, tty);
	/* speed 0 hangs up the line, as everywhere */
	if ((old->c_cflag & CBAUD) != B0 && C_BAUD(tty) == B0)
		wire_set_lines(e, 0, TIOCM_DTR | TIOCM_RTS);
	else if ((old->c_cflag & CBAUD) == B0 && C_BAUD(tty) != B0)
		wire_set_lines(e, TIOCM_DTR | TIOCM_RTS, 0);
}

/* --- open and close -------------------------------------------------------------------- */

static struct end *end_of(struct tty_port *port)
{
	return container_of(port, struct end, port);
}

static int carrier_raised(struct tty_port *port)
{
	return !!(wire_inputs(end_of(port)) & TIOCM_CAR);
}

static void dtr_rts(struct tty_port *port, int raise)
{
	wire_set_lines(end_of(port), raise ? TIOCM_DTR | TIOCM_RTS : 0,
		       raise ? 0 : TIOCM_DTR | TIOCM_RTS);
}

static int activate(struct tty_port *port, struct tty_struct *tty)
{
	struct end *e = end_of(port);
	ktime_t now;
	unsigned long flags = wire_take(e, &now);

	see(e, SEEN_OPEN, now);
	wire_release(e, now, flags);
	adopt_settings(e, tty);
	return 0;
}

static void shutdown(struct tty_port *port)
{
	struct end *e = end_of(port);
	unsigned long flags;
	ktime_t now;

	wait_while_stalled(e);
	flags = wire_take(e, &now);
	wire_flush(e, now);
	wire_reset(e, now);
	see(e, SEEN_CLOSE, now);
	wire_release(e, now, flags);
}

const struct tty_port_operations tty_port_ops = {
    .carrier_raised = carrier_raised,
    .dtr_rts = dtr_rts,
    .activate = activate,
    .shutdown = shutdown,
};

/* The tty layer calls this, under a lock of its own, for a device that nobody has open. */
static int nm_install(struct tty_driver *d, struct tty_struct *tty)
{
	struct end *e = box_end(tty->index);

	if (e->fresh) {
		/* the settings that the tty layer remembers are the ones of the adapter before */
		kfree(d->termios[tty->index]);
		d->termios[tty->index] = NULL;
		e->fresh = false;
	}
	tty->driver_data = e;
	return tty_port_install(&e->port, d, tty);
}

static int nm_open(struct tty_struct *tty, struct file *file)
{
	struct end *e = tty->driver_data;
	int error;

	if (READ_ONCE(e->gone))
		return -ENODEV;
	error = tty_port_open(&e->port, tty, file);
	if (error)
		return error;
	/* pulling out hung up nobody if it came before the port knew its tty */
	return READ_ONCE(e->gone) ? -ENODEV : 0;
}

static void nm_close(struct tty_struct *tty, struct file *file)
{
	struct end *e = tty->driver_data;

	tty_port_close(&e->port, tty, file);
}

static void nm_hangup(struct tty_struct *tty)
{
	struct end *e = tty->driver_data;

	tty_port_hangup(&e->port);
}

/* --- bytes ------------------------------------------------------------------------------- */

static int nm_write(struct tty_struct *tty, const unsigned char *data, int n)
{
	struct end *e = tty->driver_data;
	ktime_t now;
	unsigned long flags = wire_take(e, &now);

	n = min_t(int, n, wire_room(e));
	wire_put(e, data, n);
	wire_release(e, now, flags);
	return n;
}

static unsigned int nm_write_room(struct tty_struct *tty)
{
	struct end *e = tty->driver_data;
	ktime_t now;
	unsigned long flags = wire_take(e, &now);
	unsigned int n = wire_room(e);

	wire_release(e, now, flags);
	return n;
}

static unsigned int nm_chars_in_buffer(struct tty_struct *tty)
{
	struct end *e = tty->driver_data;
	ktime_t now;
	unsigned long flags = wire_take(e, &now);
	unsigned int n = wire_waiting(e);

	wire_release(e, now, flags);
	return n;
}

static void nm_flush_buffer(struct tty_struct *tty)
{
	struct end *e = tty->driver_data;
	ktime_t now;
	unsigned long flags = wire_take(e, &now);

	wire_flush(e, now);
	wire_release(e, now, flags);
}

/*
 * The tty layer has seen chars_in_buffer() reach 0; this waits for the transmitter, not for
 * ever, as the receiver may have stopped it.
 */
static void nm_wait_until_sent(struct tty_struct *tty, int timeout)
{
	struct end *e = tty->driver_data;
	long limit = nsecs_to_jiffies(2 * wire_fifo_ns(e)) + 2;

	if (timeout)
		limit = min_t(long, limit, timeout);
	wait_event_interruptible_timeout(e->idle, wire_empty(e), limit);
}

static void set_stopped(struct end *e, bool stopped)
{
	ktime_t now;
	unsigned long flags = wire_take(e, &now);

	e->stopped = stopped;
	wire_release(e, now, flags);
}

static void nm_stop(struct tty_struct *tty)
{
	set_stopped(tty->driver_data, true);
}

static void nm_start(struct tty_struct *tty)
{
	set_stopped(tty->driver_data, false);
}

static void nm_send_xchar(struct tty_struct *tty, char c)
{
	struct end *e = tty->driver_data;
	ktime_t now;
	unsigned long flags = wire_take(e, &now);

	wire_put_ahead(e, c, now);
	wire_release(e, now, flags);
}

static void set_throttled(struct tty_struct *tty, bool throttled)
{
	struct end *e = tty->driver_data;
	ktime_t now;
	unsigned long flags = wire_take(e, &now);

	e->throttled = throttled;
	wire_release(e, now, flags);
	if (I_IXOFF(tty))
		nm_send_xchar(tty, throttled ? STOP_CHAR(tty) : START_CHAR(tty));
	if (C_CRTSCTS(tty))
		wire_set_lines(e, throttled ? 0 : TIOCM_RTS, throttled ? TIOCM_RTS : 0);
}

static void nm_throttle(struct tty_struct *tty)
{
	set_throttled(tty, true);
}

static void nm_unthrottle(struct tty_struct *tty)
{
	set_throttled(tty, false);
}

/* --- lines, counts and the rest ------------------------------------------------------------ */

static int nm_tiocmget(struct tty_struct *tty)
{
	struct end *e = tty->driver_data;
	ktime_t now;
	unsigned long flags = wire_take(e, &now);
	int lines = e->out | wire_inputs(e);

	wire_release(e, now, flags);
	return lines;
}

static int nm_tiocmset(struct tty_struct *tty, unsigned int set, unsigned int clear)
{
	const unsigned int ours = TIOCM_DTR | TIOCM_RTS | TIOCM_OUT1;

	wait_while_stalled(tty->driver_data);
	wire_set_lines(tty->driver_data, set & ours, clear & ours);
	return 0;
}

static int nm_break(struct tty_struct *tty, int state)
{
	struct end *e = tty->driver_data;
	unsigned long flags;
	ktime_t now;

	wait_while_stalled(e);
	flags = wire_take(e, &now);
	wire_break(e, state, now);
	wire_release(e, now, flags);
	return 0;
}

static int nm_get_icount(struct tty_struct *tty, struct serial_icounter_struct *c)
{
	struct async_icount count = wire_counts(tty->driver_data);

	c->cts = count.cts;
	c->dsr = count.dsr;
	c->rng = count.rng;
	c->dcd = count.dcd;
	c->rx = count.rx;
	c->tx = count.tx;
	c->frame = count.frame;
	c->overrun = count.overrun;
	c->parity = count.parity;
	c->brk = count.brk;
	c->buf_overrun = count.buf_overrun;
	return 0;
}

static bool line_changed(struct end *e, unsigned long mask, const struct async_icount *was)
{
	struct async_icount now = wire_counts(e);

	return (mask & TIOCM_CTS && now.cts != was->cts) ||
	       (mask & TIOCM_DSR && now.dsr != was->dsr) ||
	       (mask & TIOCM_CAR && now.dcd != was->dcd) ||
	       (mask & TIOCM_RI && now.rng != was->rng);
}

static int wait_for_lines(struct end *e, unsigned long mask)
{
	struct async_icount was = wire_counts(e);
	int error = wait_event_interruptible(
	    e->port.delta_msr_wait, line_changed(e, mask, &was) || !tty_port_initialized(&e->port));

	return error || tty_port_initialized(&e->port) ? error : -EIO;
}

static int nm_ioctl(struct tty_struct *tty, unsigned int cmd, unsigned long arg)
{
	struct end *e = tty->driver_data;

	switch (cmd) {
	case TIOCMIWAIT:
		return wait_for_lines(e, arg);
	case TIOCSERGETLSR:
		return put_user(wire_empty(e) ? TIOCSER_TEMT : 0, (unsigned int __user *)arg);
	default:
		return -ENOIOCTLCMD;
	}
}

static int nm_get_serial(struct tty_struct *tty, struct serial_struct *s)
{
	struct end *e = tty->driver_data;

	s->type = PORT_16550A;
	s->line = e->index;
	s->flags = e->low_latency;
	s->baud_base = clock / 16;
	s->xmit_fifo_size = wire_fifo;
	s->close_delay = jiffies_to_msecs(e->port.close_delay) / 10;
	s->closing_wait = e->port.closing_wait == ASYNC_CLOSING_WAIT_NONE
			      ? ASYNC_CLOSING_WAIT_NONE
			      : jiffies_to_msecs(e->port.closing_wait) / 10;
	return 0;
}

static int nm_set_serial(struct tty_struct *tty, struct serial_struct *s)
{
	struct end *e = tty->driver_data;

	e->low_latency = s->flags & ASYNC_LOW_LATENCY;
	e->port.close_delay = msecs_to_jiffies(s->close_delay * 10);
	e->port.closing_wait = s->closing_wait == ASYNC_CLOSING_WAIT_NONE
				   ? ASYNC_CLOSING_WAIT_NONE
				   : msecs_to_jiffies(s->closing_wait * 10);
	return 0;
}

const struct tty_operations tty_ops = {
    .install = nm_install,
    .open = nm_open,
    .close = nm_close,
    .hangup = nm_hangup,
    .write = nm_write,
    .write_room = nm_write_room,
    .chars_in_buffer = nm_chars_in_buffer,
    .flush_buffer = nm_flush_buffer,
    .wait_until_sent = nm_wait_until_sent,
    .stop = nm_stop,
    .start = nm_start,
    .send_xchar = nm_send_xchar,
    .throttle = nm_throttle,
    .unthrottle = nm_unthrottle,
    .set_termios = nm_set_termios,
    .tiocmget = nm_tiocmget,
    .tiocmset = nm_tiocmset,
    .break_ctl = nm_break,
    .get_icount = nm_get_icount,
    .get_serial = nm_get_serial,
    .set_serial = nm_set_serial,
    .ioctl = nm_ioctl,
};
