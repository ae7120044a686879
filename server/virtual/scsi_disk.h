/*
 * A disk as SCSI commands see it, over an image file. Sources: SPC-3, SBC-2; the commands of
 * Linux's sd and usb-storage drivers.
 */
#ifndef SERVER_VIRTUAL_SCSI_DISK_H
#define SERVER_VIRTUAL_SCSI_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCSI_DISK_BLOCK = 512, SCSI_DISK_ERROR_MAX = 512, SCSI_DISK_ANSWER_MAX = 256 };

struct scsi_disk;

/* The data that a command wants to move. */
struct scsi_data {
    enum { SCSI_NO_DATA, SCSI_IN, SCSI_OUT } direction;
    uint64_t length; /* bytes */
    bool of_blocks;  /* of the image from `offset`; otherwise `answer` has them (IN) */
    uint64_t offset;
    uint8_t answer[SCSI_DISK_ANSWER_MAX];
};

/* Opens an image, a file of whole blocks. Returns NULL with the reason in `error`. */
struct scsi_disk *scsi_disk_new(const char *path, bool read_only,
                                char error[static SCSI_DISK_ERROR_MAX]);

/* Accepts NULL. */
void scsi_disk_free(struct scsi_disk *d);

/* Begins a command. Returns whether it is good so far; if not, there is no data, and the next
 * REQUEST SENSE tells why. */
bool scsi_disk_command(struct scsi_disk *d, const uint8_t *command, size_t len,
                       struct scsi_data *data);

/* Move data of blocks. Return whether that went well; if not, the next REQUEST SENSE tells why. */
bool scsi_disk_read(struct scsi_disk *d, uint64_t offset, uint8_t *data, size_t len);
bool scsi_disk_write(struct scsi_disk *d, uint64_t offset, const uint8_t *data, size_t len);

#endif
