#include "scsi_disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error_text.h"
#include "file.h"
#include "proto/bytes.h"

/* Commands. */
enum {
    TEST_UNIT_READY = 0x00,
    REQUEST_SENSE = 0x03,
    INQUIRY = 0x12,
    MODE_SENSE_6 = 0x1a,
    START_STOP = 0x1b,
    PREVENT_REMOVAL = 0x1e,
    READ_FORMAT_CAPACITIES = 0x23,
    READ_CAPACITY_10 = 0x25,
    READ_10 = 0x28,
    WRITE_10 = 0x2a,
    VERIFY_10 = 0x2f,
    SYNCHRONIZE_CACHE = 0x35,
    MODE_SENSE_10 = 0x5a,
    READ_16 = 0x88,
    WRITE_16 = 0x8a,
    SERVICE_ACTION_IN_16 = 0x9e,
    READ_CAPACITY_16 = 0x10, /* of it */
    REPORT_LUNS = 0xa0,
    READ_12 = 0xa8,
    WRITE_12 = 0xaa,
};

/* Sense keys, and what goes with them (additional sense code). */
enum {
    NO_SENSE = 0,
    MEDIUM_ERROR = 3,
    ILLEGAL_REQUEST = 5,
    DATA_PROTECT = 7,
    ASC_WRITE_ERROR = 0x0c,
    ASC_READ_ERROR = 0x11,
    ASC_INVALID_COMMAND = 0x20,
    ASC_OUT_OF_RANGE = 0x21,
    ASC_INVALID_FIELD = 0x24,
    ASC_WRITE_PROTECTED = 0x27,
};

struct scsi_disk {
    FILE *file;
    uint64_t blocks;
    bool read_only;
    uint8_t sense_key, sense_code;
};

static bool fail(struct scsi_disk *d, uint8_t key, uint8_t code)
{
    d->sense_key = key;
    d->sense_code = code;
    return false;
}

/* Answers with `have` bytes, cut to the allowed length. */
static bool give(struct scsi_data *data, size_t have, size_t allowed)
{
    data->direction = SCSI_IN;
    data->length = have < allowed ? have : allowed;
    return true;
}

static bool inquire(struct scsi_disk *d, const uint8_t *c, struct scsi_data *data)
{
    static const uint8_t pages[] = {0, 0, 0, 1, 0}; /* vital product data: this list only */
    static const uint8_t standard[36] = "\0\200\5\2\37\0\0\0com2net demo disk       1.0 ";
    size_t allowed = get_be16(c + 3);

    if (c[1] & 1) {
        if (c[2] != 0)
            return fail(d, ILLEGAL_REQUEST, ASC_INVALID_FIELD);
        memcpy(data->answer, pages, sizeof pages);
        return give(data, sizeof pages, allowed);
    }
    memcpy(data->answer, standard, sizeof standard);
    return give(data, sizeof standard, allowed);
}

static bool give_sense(struct scsi_disk *d, const uint8_t *c, struct scsi_data *data)
{
    data->answer[0] = 0x70;
    data->answer[2] = d->sense_key;
    data->answer[7] = 10;
    data->answer[12] = d->sense_code;
    d->sense_key = d->sense_code = 0;
    return give(data, 18, c[4]);
}

/* The header alone, which says whether it may be written. */
static bool give_mode(const struct scsi_disk *d, const uint8_t *c, struct scsi_data *data)
{
    const uint8_t protected = d->read_only ? 0x80 : 0;

    if (c[0] == MODE_SENSE_6) {
        data->answer[0] = 3;
        data->answer[2] = protected;
        return give(data, 4, c[4]);
    }
    data->answer[1] = 6;
    data->answer[3] = protected;
    return give(data, 8, get_be16(c + 7));
}

static bool give_capacity(const struct scsi_disk *d, const uint8_t *c, struct scsi_data *data)
{
    const uint64_t last = d->blocks - 1;

    if (c[0] == READ_CAPACITY_10) {
        put_be32(data->answer, last < UINT32_MAX ? (uint32_t)last : UINT32_MAX);
        put_be32(data->answer + 4, SCSI_DISK_BLOCK);
        return give(data, 8, 8);
    }
    put_be64(data->answer, last);
    put_be32(data->answer + 8, SCSI_DISK_BLOCK);
    return give(data, 32, get_be32(c + 10));
}

static bool give_format(const struct scsi_disk *d, const uint8_t *c, struct scsi_data *data)
{
    data->answer[3] = 8;
    put_be32(data->answer + 4, (uint32_t)d->blocks);
    put_be32(data->answer + 8, SCSI_DISK_BLOCK);
    data->answer[8] = 2; /* formatted */
    return give(data, 12, get_be16(c + 7));
}

static bool move_blocks(struct scsi_disk *d, bool write, uint64_t first, uint64_t count,
                        struct scsi_data *data)
{
    if (first > d->blocks || count > d->blocks - first)
        return fail(d, ILLEGAL_REQUEST, ASC_OUT_OF_RANGE);
    if (write && d->read_only)
        return fail(d, DATA_PROTECT, ASC_WRITE_PROTECTED);
    if (count == 0)
        return true;
    data->direction = write ? SCSI_OUT : SCSI_IN;
    data->of_blocks = true;
    data->offset = first * SCSI_DISK_BLOCK;
    data->length = count * SCSI_DISK_BLOCK;
    return true;
}

static bool carry_out(struct scsi_disk *d, const uint8_t *c, struct scsi_data *data)
{
    switch (c[0]) {
    case TEST_UNIT_READY:
    case START_STOP:
    case PREVENT_REMOVAL:
    case VERIFY_10:
        return true;
    case SYNCHRONIZE_CACHE:
        return fflush(d->file) == 0 || fail(d, MEDIUM_ERROR, ASC_WRITE_ERROR);
    case INQUIRY:
        return inquire(d, c, data);
    case MODE_SENSE_6:
    case MODE_SENSE_10:
        return give_mode(d, c, data);
    case READ_FORMAT_CAPACITIES:
        return give_format(d, c, data);
    case READ_CAPACITY_10:
        return give_capacity(d, c, data);
    case SERVICE_ACTION_IN_16:
        return (c[1] & 0x1f) == READ_CAPACITY_16 ? give_capacity(d, c, data)
                                                 : fail(d, ILLEGAL_REQUEST, ASC_INVALID_FIELD);
    case REPORT_LUNS:
        data->answer[3] = 8; /* one, number 0 */
        return give(data, 16, get_be32(c + 6));
    case READ_10:
    case WRITE_10:
        return move_blocks(d, c[0] == WRITE_10, get_be32(c + 2), get_be16(c + 7), data);
    case READ_12:
    case WRITE_12:
        return move_blocks(d, c[0] == WRITE_12, get_be32(c + 2), get_be32(c + 6), data);
    case READ_16:
    case WRITE_16:
        return move_blocks(d, c[0] == WRITE_16, get_be64(c + 2), get_be32(c + 10), data);
    default:
        return fail(d, ILLEGAL_REQUEST, ASC_INVALID_COMMAND);
    }
}

bool scsi_disk_command(struct scsi_disk *d, const uint8_t *command, size_t len,
                       struct scsi_data *data)
{
    uint8_t c[16] = {0};

    memset(data, 0, sizeof *data);
    memcpy(c, command, len < sizeof c ? len : sizeof c);
    if (c[0] == REQUEST_SENSE)
        return give_sense(d, c, data);
    d->sense_key = d->sense_code = 0;
    return carry_out(d, c, data);
}

bool scsi_disk_read(struct scsi_disk *d, uint64_t offset, uint8_t *data, size_t len)
{
    if (file_seek(d->file, offset) < 0 || fread(data, 1, len, d->file) != len)
        return fail(d, MEDIUM_ERROR, ASC_READ_ERROR);
    return true;
}

bool scsi_disk_write(struct scsi_disk *d, uint64_t offset, const uint8_t *data, size_t len)
{
    if (file_seek(d->file, offset) < 0 || fwrite(data, 1, len, d->file) != len)
        return fail(d, MEDIUM_ERROR, ASC_WRITE_ERROR);
    return true;
}

struct scsi_disk *scsi_disk_new(const char *path, bool read_only,
                                char error[static SCSI_DISK_ERROR_MAX])
{
    struct scsi_disk *d = calloc(1, sizeof *d);
    int64_t size;

    snprintf(error, SCSI_DISK_ERROR_MAX, "out of memory");
    if (!d)
        return NULL;
    d->read_only = read_only;
    d->file = fopen(path, read_only ? "rb" : "r+b");
    if (d->file) /* it says that it has no cache, so what it has taken is not to wait in one */
        setvbuf(d->file, NULL, _IONBF, 0);
    size = d->file ? file_size(d->file) : -errno;
    if (size >= SCSI_DISK_BLOCK) {
        d->blocks = (uint64_t)size / SCSI_DISK_BLOCK;
        return d;
    }
    if (size < 0)
        snprintf(error, SCSI_DISK_ERROR_MAX, "%.300s, the disk's image: %s", path,
                 error_text((int)-size));
    else
        snprintf(error, SCSI_DISK_ERROR_MAX,
                 "%.300s, the disk's image, is empty: `truncate -s 64M FILE` makes one", path);
    scsi_disk_free(d);
    return NULL;
}

void scsi_disk_free(struct scsi_disk *d)
{
    if (!d)
        return;
    if (d->file)
        fclose(d->file);
    free(d);
}
