// SPDX-License-Identifier: GPL-2.0
/*
 * nullmodem - pairs of tty devices joined by a null-modem cable that exists only here.
 *
 * /dev/ttyNM0 and /dev/ttyNM1 are the ends of the first pair, and so on.  Lines:
 *   RTS -> the other end's CTS      DTR -> its DSR and DCD      OUT1 -> its RI
 * A break is received as a break.  CRTSCTS, XON/XOFF, tcflow() and HUPCL are obeyed;
 * TIOCMIWAIT, TIOCGICOUNT, TIOCSERGETLSR and the low_latency flag work.  For tests only:
 * what a virtual machine's own serial ports lack is each other's modem lines, a wire that
 * takes time, and a witness.  Written for the kernel of Debian 12 (6.1).
 *
 * By default a byte is received as it is written, whatever the settings of the two ends.
 * Parameters, those marked * also by way of /sys/module/nullmodem/parameters:
 *   pairs=N    number of cables
 *   queue=N    bytes that an end queues for sending, a power of two
 *   pace=1   * frames take their time on the wire.  Bytes in the transmitter (fifo=N *) no
 *              longer count as queued, as in a 16550: TIOCOUTQ leaves them out and tcflush()
 *              does not take them back.  Nothing holds back a sender without flow control,
 *              so that a receiver that sleeps for long enough loses bytes.
 *   strict=1 * the settings of both ends matter.  Sent with other data bits, at a speed more
 *              than 5 % off, or while its sender's settings were changed, a byte is a framing
 *              error; sent with another parity, a parity error; sent during a break, lost.
 *   overrun=N* every N-th byte that an end receives is lost as an overrun
 *   clock=HZ * speeds are HZ/16 divided by a whole number, and read back so; 0: any speed
 *   unplug=N * (write only) ttyNM<N> is hung up and gone, like an adapter pulled out
 *   replug=N * (write only) it is back, with default settings
 *
 * /sys/kernel/debug/nullmodem/ttyNM<N> tells what that end has seen, oldest first; writing to
 * it forgets.  A line begins with the time in ns (the monotonic clock) and a word:
 *   open | close                                 the first open, the last close
 *   set 9600 8N1 flow=none hupcl=1               its own settings, where they changed
 *   lines cts=1 dsr=1 dcd=1 ri=0 changed=dsr,dcd what reached it at one instant
 *   data 9600 8N1 n=5 framing=0 parity=0 overrun=0 lost=0 until=NS hex=68656c6c6f
 *                    bytes that followed each other under the same settings of their sender
 *   break on | break off ns=LENGTH
 *   flush n=7                                    bytes that its owner threw out of its queue
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/tty_driver.h>
#include <linux/uaccess.h>

#include "wire.h"

static unsigned int pairs = 2;
module_param(pairs, uint, 0444);
MODULE_PARM_DESC(pairs, "number of cables");

static unsigned int clock;
module_param(clock, uint, 0644);
MODULE_PARM_DESC(clock, "16 times the speed that all others divide, 0 for any");

static struct end *ends;
static struct platform_device *box; /* the parent of all, lest they look like consoles */
static struct tty_driver *driver;
static struct dentry *debug_dir;

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
	ktime_t now;
	unsigned long flags = wire_take(e, &now);

	wire_flush(e, now);
	wire_reset(e, now);
	see(e, SEEN_CLOSE, now);
	wire_release(e, now, flags);
}

static const struct tty_port_operations port_ops = {
    .carrier_raised = carrier_raised,
    .dtr_rts = dtr_rts,
    .activate = activate,
    .shutdown = shutdown,
};

/* The tty layer calls this, under a lock of its own, for a device that nobody has open. */
static int nm_install(struct tty_driver *d, struct tty_struct *tty)
{
	struct end *e = &ends[tty->index];

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

	wire_set_lines(tty->driver_data, set & ours, clear & ours);
	return 0;
}

static int nm_break(struct tty_struct *tty, int state)
{
	struct end *e = tty->driver_data;
	ktime_t now;
	unsigned long flags = wire_take(e, &now);

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

static const struct tty_operations operations = {
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

/* --- coming and going ---------------------------------------------------------------------- */

static int plug_in(struct end *e)
{
	struct device *device;

	e->fresh = true;
	WRITE_ONCE(e->gone, false);
	device = tty_port_register_device(&e->port, driver, e->index, &box->dev);
	if (IS_ERR(device))
		return PTR_ERR(device);
	e->registered = true;
	return 0;
}

static void pull_out(struct end *e)
{
	struct tty_struct *tty;

	WRITE_ONCE(e->gone, true);
	tty = tty_port_tty_get(&e->port);
	if (tty)
		tty_vhangup(tty);
	tty_kref_put(tty);
	wire_set_lines(e, 0, TIOCM_DTR | TIOCM_RTS | TIOCM_OUT1);
	tty_unregister_device(driver, e->index);
	e->registered = false;
}

/* The end that a parameter names.  The kernel holds the lock of the module's parameters. */
static struct end *end_named(const char *text)
{
	unsigned int index;

	if (!driver || kstrtouint(text, 10, &index) || index >= 2 * pairs)
		return NULL;
	return &ends[index];
}

static int set_unplug(const char *text, const struct kernel_param *unused)
{
	struct end *e = end_named(text);

	if (!e || !e->registered)
		return -ENODEV;
	pull_out(e);
	return 0;
}

static int set_replug(const char *text, const struct kernel_param *unused)
{
	struct end *e = end_named(text);

	if (!e || e->registered)
		return -ENODEV;
	return plug_in(e);
}

static const struct kernel_param_ops unplug_ops = {.set = set_unplug};
static const struct kernel_param_ops replug_ops = {.set = set_replug};
module_param_cb(unplug, &unplug_ops, NULL, 0200);
module_param_cb(replug, &replug_ops, NULL, 0200);
MODULE_PARM_DESC(unplug, "number of the device to hang up and remove");
MODULE_PARM_DESC(replug, "number of the device to bring back");

static int make_end(unsigned int index)
{
	struct end *e = &ends[index];
	char name[16];
	int error = wire_init(e, &ends[index ^ 1]);

	if (error)
		return error;
	e->index = index;
	tty_port_init(&e->port);
	e->port.ops = &port_ops;
	snprintf(name, sizeof(name), "ttyNM%u", index);
	debugfs_create_file(name, 0600, debug_dir, e, &seen_ops);
	return 0;
}

static struct tty_driver *make_driver(void)
{
	struct tty_driver *d = tty_alloc_driver(2 * pairs, TTY_DRIVER_DYNAMIC_DEV);
	int error;

	if (IS_ERR(d))
		return d;
	d->driver_name = "nullmodem";
	d->name = "ttyNM";
	d->type = TTY_DRIVER_TYPE_SERIAL;
	d->subtype = SERIAL_TYPE_NORMAL;
	d->init_termios = tty_std_termios;
	d->init_termios.c_cflag = B9600 | CS8 | CREAD | HUPCL | CLOCAL;
	d->init_termios.c_ispeed = 9600;
	d->init_termios.c_ospeed = 9600;
	tty_set_operations(d, &operations);
	error = tty_register_driver(d);
	if (!error)
		return d;
	tty_driver_kref_put(d);
	return ERR_PTR(error);
}

/* Undoes what nm_init() has done so far. */
static void clear_away(void)
{
	unsigned int i;

	debugfs_remove_recursive(debug_dir);
	for (i = 0; i < 2 * pairs; i++)
		if (ends[i].registered)
			tty_unregister_device(driver, i);
	platform_device_unregister(box);
	if (driver) {
		tty_unregister_driver(driver);
		tty_driver_kref_put(driver);
	}
	for (i = 0; i < 2 * pairs; i++)
		if (ends[i].port.ops) {
			wire_destroy(&ends[i]);
			tty_port_destroy(&ends[i].port);
		}
	kfree(ends);
}

static int __init nm_init(void)
{
	struct tty_driver *d;
	unsigned int i;
	int error = 0;

	if (!pairs || pairs > 32)
		return -EINVAL;
	ends = kcalloc(2 * pairs, sizeof(*ends), GFP_KERNEL);
	if (!ends)
		return -ENOMEM;
	debug_dir = debugfs_create_dir("nullmodem", NULL);
	for (i = 0; i < 2 * pairs && !error; i++)
		error = make_end(i);
	if (error)
		goto fail;
	d = make_driver();
	error = PTR_ERR_OR_ZERO(d);
	if (error)
		goto fail;
	driver = d;
	box = platform_device_register_simple("nullmodem", PLATFORM_DEVID_NONE, NULL, 0);
	error = PTR_ERR_OR_ZERO(box);
	for (i = 0; i < 2 * pairs && !error; i++)
		error = plug_in(&ends[i]);
	if (!error)
		return 0;
fail:
	clear_away();
	return error;
}

static void __exit nm_exit(void)
{
	clear_away();
}

module_init(nm_init);
module_exit(nm_exit);
MODULE_DESCRIPTION("Null-modem tty pairs for tests");
MODULE_LICENSE("GPL");
