# cmake -DFILES=FOLDER -DOUTPUT=FOLDER -P contents.cmake: what the installer has to know of the files
# in FILES. Writes deletes.nsh, which deletes each by its name, and size.nsh, with their kilobytes.
file(GLOB_RECURSE names LIST_DIRECTORIES true RELATIVE ${FILES} ${FILES}/*)
list(SORT names)
list(REVERSE names) # what is in a folder comes before it

set(deletes "")
set(bytes 0)
foreach(name IN LISTS names)
    string(REPLACE "/" "\\" windows_name "${name}")
    if(IS_DIRECTORY ${FILES}/${name})
        string(APPEND deletes "RMDir \"$INSTDIR\\${windows_name}\"\n")
    else()
        file(SIZE ${FILES}/${name} size)
        math(EXPR bytes "${bytes} + ${size}")
        if(NOT name MATCHES "^(com2net|net2usb)[.]exe$") # they may be running
            string(APPEND deletes "Delete \"$INSTDIR\\${windows_name}\"\n")
        endif()
    endif()
endforeach()
math(EXPR kilobytes "(${bytes} + 1023) / 1024")
file(WRITE ${OUTPUT}/deletes.nsh "${deletes}")
file(WRITE ${OUTPUT}/size.nsh "!define SIZE ${kilobytes}\n")
